"""Tasks as datasets keep them: packed in archives and parquet files, listed, sampled, and unpacked one at a time."""

"""Solutions made only from what the instruction or the image gives away: none of them may be paid."""

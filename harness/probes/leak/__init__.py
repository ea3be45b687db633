"""Solutions made of nothing but what the instruction or the image gives away: none of them may be paid."""

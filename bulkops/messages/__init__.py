"""Every sentence with a code that an operator can read, by where it is said; and words for counts and times."""

"""The computer: files, locks, folders and whose they are."""

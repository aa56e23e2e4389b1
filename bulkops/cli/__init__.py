"""The command line: commands, what they print, and the key asked at a terminal."""

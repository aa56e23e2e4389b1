"""Every sentence an operator can read about something that went wrong, by where it went wrong."""

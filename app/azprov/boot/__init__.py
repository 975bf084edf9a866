"""The first boot: its steps, its report, and what they leave behind."""

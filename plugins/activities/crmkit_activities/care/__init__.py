"""Care dates: birthdays and other days that come back every year."""

"""Mail: the channel by which notices reach users by e-mail, over an SMTP server."""

"""Notices: users are told of something, once, and by the channels that they want."""

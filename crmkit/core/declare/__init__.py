"""What a plugin can say, as frozen values. Nothing in here imports SQLAlchemy or click."""

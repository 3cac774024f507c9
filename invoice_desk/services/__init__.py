"""What the application can do; each function is one use case, and only they write the desk."""

"""Writers turn tables into files."""

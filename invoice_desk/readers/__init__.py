"""Readers turn the bytes of one kind of file into raw tables of text."""

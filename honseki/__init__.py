"""Hosts the family registers (戸籍) of Japanese municipalities."""

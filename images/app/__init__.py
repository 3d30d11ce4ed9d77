"""The application server: the vendor's application's slot, filled by a reference register service."""

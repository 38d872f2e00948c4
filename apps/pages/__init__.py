"""The public face: landing page, prices, help, contact, legal pages, notices."""

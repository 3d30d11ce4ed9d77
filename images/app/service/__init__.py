"""The reference register service: what fills the application's slot in rehearsals and drills.

It stands where a vendor's register application will stand, and does as little as shows the platform at work: it adds a
register entry (戸籍の記録), reads entries, issues a certificate (証明書) and keeps an append-only access log, over
HTTPS, with PostgreSQL. It knows nothing of the procedures of 戸籍法 and is not for real registers; every response
says so.

It runs on what Debian 13 packages: Python 3.13, python3-aiohttp 3.11, python3-psycopg 3.2. It imports nothing of
the platform, because the image holds this folder and nothing else of it.
"""

NOTICE = "reference register service of Honseki: for rehearsals and drills, not for real registers"
"""Sent with every response, in the header `Honseki-Notice`."""

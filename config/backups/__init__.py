"""Backup and restore: a directory that holds all that belongs together, and what proves it whole.

manifest.json   what is in it: hashes, migrations, every log's size and last checkpoint
duban.dump      the database, without sessions; one snapshot, the one the manifest tells of
evidence.txt    the uploaded files, one path a line; each is named by its own SHA-256
evidence/       the files; those of the backup before are linked, not copied
secrets/        the log's key, only if asked for
"""

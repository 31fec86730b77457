"""What can be done at design time, one family of verbs a file.

Every action takes its arguments by keyword and the actor explicitly, checks the role, runs in one
transaction and leaves an audit entry. It raises `Refused` with every problem, or `Conflict` when
somebody else was first; then nothing of it was saved.
"""

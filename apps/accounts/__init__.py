"""Who you are: users, workspaces, memberships."""

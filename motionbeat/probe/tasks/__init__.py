"""Tasks on data that anyone can get: free recordings, single notes, and renders of annotated notes."""

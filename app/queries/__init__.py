"""What pages ask of the warehouse: SQL, and the names of what it answers."""

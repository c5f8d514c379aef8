"""What capath knows, as JSON (a contract: ``schema_version``) and as text for people."""

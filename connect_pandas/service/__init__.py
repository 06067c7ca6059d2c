"""The network's side: connection, upload, import, follow. Knows nothing of pandas frames."""

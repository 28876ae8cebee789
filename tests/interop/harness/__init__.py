"""Real MCP clients sign in to bookmarket and use it, watched on the wire."""

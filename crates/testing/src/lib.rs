//! Part of actix-mcp-auth.

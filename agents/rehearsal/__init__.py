"""A simulated OpenAI-compatible endpoint: free, deterministic, and as troublesome as asked."""

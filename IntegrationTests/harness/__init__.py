"""Real processes and scripted peers for the integration tests."""

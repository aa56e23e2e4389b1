"""Tests of the practice server, over real HTTP on the loopback address and against the documents, never the client."""

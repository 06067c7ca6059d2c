"""The frame's side: profile, infer, check, repair, encode. Knows nothing of the network."""

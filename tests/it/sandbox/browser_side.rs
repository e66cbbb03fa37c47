//! The browser's way: Cyclr's service domain, and the provider, pretend or real.

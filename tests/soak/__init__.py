"""Long runs that no shared machine can judge: started by hand, never by `make check`."""

"""Paper portfolios that begin anew."""

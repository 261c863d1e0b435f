"""One module for each family of servers whose clients are served, and the choice between them."""

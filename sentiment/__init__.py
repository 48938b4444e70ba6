"""How the customer felt: the classifier, its training and its evaluation."""

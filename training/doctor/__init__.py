"""The training doctor: examines any Keras model, its data and its training, and says what ails them."""

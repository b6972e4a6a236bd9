"""What a pipeline of CI asks beyond making and delivering a model."""

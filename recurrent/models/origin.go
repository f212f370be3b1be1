package models

// Origin tells where a model's data came from: a record for whoever reads them again, as the command does. This package
// stores it and opens none of the files. What one kind of model alone has stands in a struct of its own.
type Origin struct {
	Text      string  // file of a language model's text; empty for the one that comes with the library
	Hash      string  // SHA-256 of the data
	From      string  // the model whose weights training began with
	Vectors   string  // file of the word vectors that its embeddings began with
	TestPart  float64 // part of the data that was kept for the test
	ValidFile string  // files of the data to validate with and to test, in place of parts of the data
	TestFile  string
	Format    Format
	Table     Table
	Tags      TagOrigin
	Sequences SequenceOrigin
	Series    SeriesTable
	Pairs     PairFiles
	Speech    SpeechOrigin
}

// Format tells how a table of any kind was read.
type Format struct {
	Header    string   // yes, no, or empty for what the file says
	Delimiter string   // likewise
	Encoding  string   // likewise
	Decimal   string   // of numbers: point, comma, or empty for what each column says
	Missing   []string // marks of missing values, whose rows were left out; nil where they were refused
}

// Table tells which table a classifier was trained on, and its columns.
type Table struct {
	File        string
	TextColumn  string
	LabelColumn string
}

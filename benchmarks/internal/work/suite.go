package work

// sizes of training, from a character model to the word models of Zaremba et al. (2014).
var sizes = []Work{
	{B: 32, T: 50, I: 128, H: 128, L: 1, V: 65},
	{B: 32, T: 35, I: 512, H: 512, L: 2, V: 10000},
	{B: 20, T: 35, I: 650, H: 650, L: 2, V: 10000},
	{B: 64, T: 35, I: 1024, H: 1024, L: 2, V: 10000},
}

// both directions are trained at one size.
var both = Work{B: 32, T: 50, I: 256, H: 256, L: 1, V: 65}

// lstms are further works with LSTMs: many lengths, long sequences, and a vocabulary that is most of the model.
var lstms = []Work{
	{Kind: Ragged, B: 32, T: 200, I: 128, H: 128, L: 1, V: 65},
	{Kind: Train, B: 16, T: 1000, I: 128, H: 128, L: 1, V: 65},
	{Kind: Train, B: 32, T: 35, I: 256, H: 256, L: 1, V: 30000},
}

// inferred sizes: whole sequences without gradients, alone and in batches.
var inferred = []Work{
	{B: 1, T: 50, I: 128, H: 128, L: 1, V: 65},
	{B: 32, T: 50, I: 128, H: 128, L: 1, V: 65},
	{B: 1, T: 35, I: 512, H: 512, L: 2, V: 10000},
	{B: 32, T: 35, I: 512, H: 512, L: 2, V: 10000},
}

// custom sizes, for a cell that the user wrote.
var custom = []Work{
	{B: 32, T: 50, I: 128, H: 128, L: 1, V: 65},
	{B: 32, T: 35, I: 512, H: 512, L: 1, V: 1000},
}

// generated sizes: one sequence, one token a call.
var generated = []Work{
	{B: 1, T: 1, I: 128, H: 128, L: 1, V: 65},
	{B: 1, T: 1, I: 512, H: 512, L: 1, V: 65},
	{B: 1, T: 1, I: 512, H: 512, L: 1, V: 10000},
}

// Suite lists everything that is measured, small work before large.
func Suite() []Work {
	var all []Work
	one := func(kind, cell string, s Work) {
		s.Kind, s.Cell = kind, cell
		all = append(all, s)
	}
	add := func(kind, prefix string, s Work) {
		for _, cell := range Cells {
			one(kind, prefix+cell, s)
		}
	}
	for _, s := range generated {
		add(Generate, "", s)
	}
	one(GenerateInt8, "lstm", generated[1])
	one(GenerateInt8, "lstm", generated[2])
	for _, s := range inferred {
		one(Infer, "lstm", s)
	}
	add(Train, "", sizes[0])
	add(Train, "bi", both)
	one(TrainBF16, "lstm", sizes[0])
	one(TrainBF16, "lstm", sizes[1])
	for _, s := range custom {
		one(Train, Fifth, s)
	}
	for _, s := range lstms {
		one(s.Kind, "lstm", s)
	}
	for _, s := range sizes[1:] {
		add(Train, "", s)
	}
	return all
}

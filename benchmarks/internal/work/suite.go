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

// generated sizes: one sequence, one token a call.
var generated = []Work{
	{B: 1, T: 1, I: 128, H: 128, L: 1, V: 65},
	{B: 1, T: 1, I: 512, H: 512, L: 1, V: 65},
	{B: 1, T: 1, I: 512, H: 512, L: 1, V: 10000},
}

// Suite lists everything that is measured, small work before large.
func Suite() []Work {
	var all []Work
	add := func(kind, prefix string, s Work) {
		for _, cell := range Cells {
			s.Kind, s.Cell = kind, prefix+cell
			all = append(all, s)
		}
	}
	for _, s := range generated {
		add(Generate, "", s)
	}
	add(Train, "", sizes[0])
	add(Train, "bi", both)
	for _, s := range sizes[1:] {
		add(Train, "", s)
	}
	return all
}

package models

// Demand is what training a model takes, in numbers that may be beyond every whole one.
type Demand struct {
	Weights float64 // numbers
	Least   float64 // bytes of the weights, their gradients and the optimiser's state
	Likely  float64 // bytes with what a batch takes, roughly
}

// demand estimates what training a network takes.
func (n network) demand(c Config) Demand {
	var weights, step float64
	for _, l := range n {
		weights += l.weights()
		step += l.kept()
	}
	_, copies, _ := optimizerOf(c.Optimizer) // the configuration was checked
	least := 4 * (2 + copies) * weights
	return Demand{weights, least, least + 4*step*float64(c.Seq)*float64(c.Batch)}
}

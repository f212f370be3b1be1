package recurrent_test

import (
	"math"

	"github.com/unroll-go/unroll/recurrent"
)

// referenceCases has a reference for every cell that PyTorch lacks, at hidden size 6.
func referenceCases() map[string]referenceCase {
	const H = 6
	one, two, four := []int{H}, []int{H, H}, []int{H, H, H, H}
	cases := map[string]referenceCase{}
	add := func(name string, cell recurrent.Cell, widths []int, step reference) {
		cases[name] = referenceCase{cell: cell, widths: widths, step: step}
	}
	lstm := func(name string, cell recurrent.LSTM, gates, options string) {
		cell.Hidden = H
		widths := two
		if cell.Projection > 0 {
			widths = []int{cell.Projection, H}
		}
		add("lstm "+name, cell, widths, lstmEquations(H, gates, options))
	}
	lstm("peepholes", recurrent.LSTM{Peepholes: true}, "ifo", "p")
	lstm("projection", recurrent.LSTM{Projection: 3}, "ifo", "r")
	lstm("coupled", recurrent.LSTM{Coupled: true}, "io", "c")
	lstm("no forget", recurrent.LSTM{NoForget: true}, "io", "")
	lstm("no forget, peepholes", recurrent.LSTM{NoForget: true, Peepholes: true}, "io", "p")
	lstm("norm", recurrent.LSTM{LayerNorm: true}, "ifo", "n")
	lstm("all", recurrent.LSTM{LayerNorm: true, Peepholes: true, Projection: 8}, "ifo", "npr")
	lstm("all, coupled", recurrent.LSTM{LayerNorm: true, Peepholes: true, Projection: 2, Coupled: true}, "io", "nprc")
	add("gru norm", recurrent.GRU{Hidden: H, LayerNorm: true}, one, gruNormEquations(H, false))
	add("gru norm reset before", recurrent.GRU{Hidden: H, LayerNorm: true, ResetBefore: true}, one, gruNormEquations(H, true))
	mean := []float64{0.4, -0.3, 0.2}
	add("gru d", recurrent.GRUD{Hidden: H, Features: 3}, []int{H, 3}, grudEquations(H, make([]float64, 3)))
	add("gru d of other means", recurrent.GRUD{Hidden: H, Features: 3, Mean: mean}, []int{H, 3}, grudEquations(H, mean))
	add("mgu", recurrent.MGU{Hidden: H}, one, mguEquations(H))
	add("ligru", recurrent.LiGRU{Hidden: H}, one, liGRUEquations(H, false))
	add("ligru norm", recurrent.LiGRU{Hidden: H, LayerNorm: true}, one, liGRUEquations(H, true))
	add("indrnn", recurrent.IndRNN{Hidden: H}, one, indRNNEquations(relu, math.Inf(1)))
	add("indrnn tanh limit", recurrent.IndRNN{Hidden: H, Tanh: true, Limit: 0.4}, one, indRNNEquations(math.Tanh, 0.4))
	add("cornn", recurrent.CoRNN{Hidden: H}, two, coRNNEquations(H, 0.054, 4.9, 4.8))
	add("cornn all", recurrent.CoRNN{Hidden: H, Interval: 0.3, Stiffness: 2, Friction: 0.7}, two, coRNNEquations(H, 0.3, 2, 0.7))
	add("sru", recurrent.SRU{Hidden: H}, two, sruEquations(H, 0))
	add("sru of I = H", recurrent.SRU{Hidden: H, HighwayBias: -2}, two, sruEquations(H, -2))
	add("sru peepholes", recurrent.SRU{Hidden: H, Peepholes: true}, two, sruEquations(H, 0))
	add("qrnn", recurrent.QRNN{Hidden: H}, []int{H, H, 3 * H}, qrnnEquations(H))
	add("qrnn window 1", recurrent.QRNN{Hidden: H, Window: 1}, two, qrnnEquations(H))
	add("multiplicative lstm", recurrent.MultiplicativeLSTM{Hidden: H}, two, multiplicativeEquations(H))
	add("min gru", recurrent.MinGRU{Hidden: H}, one, minGRUEquations(H))
	add("min lstm", recurrent.MinLSTM{Hidden: H}, one, minLSTMEquations(H))
	add("lru", recurrent.LRU{Hidden: H, State: 5}, []int{H, 5}, lruEquations)
	add("slstm", recurrent.SLSTM{Hidden: H}, four, sLSTMEquations(H, 1, sigma))
	add("slstm heads", recurrent.SLSTM{Hidden: H, Heads: 3, Exponential: true}, four, sLSTMEquations(H, 3, math.Exp))
	add("mlstm", recurrent.MLSTM{Hidden: H}, []int{H, H * H, H, 1}, mLSTMEquations(H, 1, sigma))
	add("mlstm heads", recurrent.MLSTM{Hidden: H, Heads: 2, Exponential: true}, []int{H, H * 3, H, 2},
		mLSTMEquations(H, 2, math.Exp))
	add("conv lstm", recurrent.ConvLSTM{Places: 4, Channels: 2}, []int{8, 8}, convLSTMEquations(4, 2, 3))
	add("conv lstm peepholes", recurrent.ConvLSTM{Places: 3, Channels: 2, Kernel: 5, Peepholes: true}, []int{6, 6},
		convLSTMEquations(3, 2, 5))
	for name, set := range map[string]func(c *referenceCase){
		"gru d":                func(c *referenceCase) { c.inputs = 9 }, // values, mask and gaps of 3 features
		"gru d of other means": func(c *referenceCase) { c.inputs = 9 },
		"sru of I = H":         func(c *referenceCase) { c.inputs = H },
		"conv lstm":            func(c *referenceCase) { c.inputs = 12 }, // 4 places, 3 channels
		"conv lstm peepholes":  func(c *referenceCase) { c.inputs = 3 },  // 3 places, 1 channel
		"slstm":                func(c *referenceCase) { c.view = unscaled(1) },
		"slstm heads":          func(c *referenceCase) { c.view = unscaled(1) },
		"mlstm":                func(c *referenceCase) { c.view = unscaled(H) },
		"mlstm heads":          func(c *referenceCase) { c.view = unscaled(3) },
	} {
		c := cases[name]
		set(&c)
		cases[name] = c
	}
	return cases
}

// lstmEquations are those of Gers and Schmidhuber (2000, p), Sak et al. (2014, r), Greff et al. (2017, c) and Ba et al.
// (2016, n), gate by gate. gates lists the gates that there are; options, what is switched on.
func lstmEquations(H int, gates, options string) reference {
	on := func(option rune) bool {
		for _, o := range options {
			if o == option {
				return true
			}
		}
		return false
	}
	k := len(gates) + 1 // blocks: the gates, with n before the last
	return func(w map[string][]float64, x []float64, s [][]float64) ([]float64, [][]float64) {
		a, b := times(w["weight_ih"], x), times(w["weight_hh"], s[0])
		if on('n') {
			a, b = scaled(normal(a), w["norm_ih"]), scaled(normal(b), w["norm_hh"])
		}
		z := func(block, j int) float64 {
			r := block*H + j
			return a[r] + b[r] + w["bias_ih"][r] + w["bias_hh"][r]
		}
		see := func(hole, j int, c float64) float64 {
			if !on('p') {
				return 0
			}
			return w["weight_ch"][hole*H+j] * c
		}
		cell, out := make([]float64, H), make([]float64, H)
		for j := range cell {
			old := s[1][j]
			i := sigma(z(0, j) + see(0, j, old))
			f := 1.0
			switch {
			case gates == "ifo":
				f = sigma(z(1, j) + see(1, j, old))
			case on('c'):
				f = 1 - i
			}
			cell[j] = f*old + i*math.Tanh(z(k-2, j))
			out[j] = sigma(z(k-1, j) + see(k-2, j, cell[j]))
		}
		h := make([]float64, H)
		for j := range h {
			shown := cell[j]
			if on('n') {
				shown = normal(cell)[j]*w["norm_ch"][j] + w["bias_ch"][j]
			}
			h[j] = out[j] * math.Tanh(shown)
		}
		if on('r') {
			h = times(w["weight_hr"], h)
		}
		return h, [][]float64{h, cell}
	}
}

// gruNormEquations are those of Ba et al. (2016), eq. 23-25; before is the reset before the product.
func gruNormEquations(H int, before bool) reference {
	return func(w map[string][]float64, x []float64, s [][]float64) ([]float64, [][]float64) {
		a, u, h := times(w["weight_ih"], x), times(w["weight_hh"], s[0]), s[0]
		norm := func(z []float64, gain string, j int) float64 { // of element j of r, z, n
			if j < 2*H {
				return normal(z[:2*H])[j] * w[gain][j]
			}
			return normal(z[2*H:])[j-2*H] * w[gain][j]
		}
		gate := func(j int) float64 {
			return norm(a, "norm_ih", j) + w["bias_ih"][j] + norm(u, "norm_hh", j) + w["bias_hh"][j]
		}
		r, z, next := make([]float64, H), make([]float64, H), make([]float64, H)
		for j := range r {
			r[j], z[j] = sigma(gate(j)), sigma(gate(H+j))
		}
		if before {
			copy(u[2*H:], times(w["weight_hh"][2*H*H:], scaled(r, h)))
		}
		for j := range next {
			back := norm(u, "norm_hh", 2*H+j) + w["bias_hh"][2*H+j]
			if !before {
				back *= r[j]
			}
			n := math.Tanh(norm(a, "norm_ih", 2*H+j) + w["bias_ih"][2*H+j] + back)
			next[j] = (1-z[j])*n + z[j]*h[j]
		}
		return next, [][]float64{next}
	}
}

// grudEquations are those of Che et al. (2018), with z in place of 1-z.
func grudEquations(H int, mean []float64) reference {
	F := len(mean)
	return func(w map[string][]float64, x []float64, s [][]float64) ([]float64, [][]float64) {
		values, m, gap := x[:F], x[F:2*F], x[2*F:]
		in, last := append(make([]float64, F), m...), make([]float64, F) // x̂ and m, x'
		for d := range F {
			keep := math.Exp(-math.Max(0, w["weight_decay_x"][d]*gap[d]+w["bias_decay_x"][d]))
			in[d] = m[d]*values[d] + (1-m[d])*(keep*s[1][d]+(1-keep)*mean[d])
			last[d] = m[d]*values[d] + (1-m[d])*s[1][d]
		}
		h := make([]float64, H)
		for j, v := range times(w["weight_decay_h"], gap) {
			h[j] = math.Exp(-math.Max(0, v+w["bias_decay_h"][j])) * s[0][j]
		}
		gate := func(j int, h []float64) float64 {
			return dot(w["weight_ih"], j, in) + dot(w["weight_hh"], j, h) + w["bias_ih"][j]
		}
		reset, next := make([]float64, H), make([]float64, H)
		for j := range reset {
			reset[j] = sigma(gate(j, h)) * h[j]
		}
		for j := range next {
			z := sigma(gate(H+j, h))
			next[j] = (1-z)*math.Tanh(gate(2*H+j, reset)) + z*h[j]
		}
		return next, [][]float64{next, last}
	}
}

// mguEquations are those of Zhou et al. (2016).
func mguEquations(H int) reference {
	return func(w map[string][]float64, x []float64, s [][]float64) ([]float64, [][]float64) {
		f, next := make([]float64, H), make([]float64, H)
		for j := range f {
			f[j] = sigma(dot(w["weight_ih"], j, x) + dot(w["weight_hh"], j, s[0]) + w["bias_ih"][j])
		}
		for j := range next {
			n := math.Tanh(dot(w["weight_ih"], H+j, x) + dot(w["weight_hh"], H+j, scaled(f, s[0])) + w["bias_ih"][H+j])
			next[j] = (1-f[j])*s[0][j] + f[j]*n
		}
		return next, [][]float64{next}
	}
}

// liGRUEquations are those of Ravanelli et al. (2018), with layer normalisation for batch normalisation.
func liGRUEquations(H int, norm bool) reference {
	return func(w map[string][]float64, x []float64, s [][]float64) ([]float64, [][]float64) {
		a, next := times(w["weight_ih"], x), make([]float64, H)
		if norm {
			a = scaled(normal(a), w["norm_ih"])
		}
		for j := range next {
			z := sigma(a[j] + dot(w["weight_hh"], j, s[0]) + w["bias_ih"][j])
			n := relu(a[H+j] + dot(w["weight_hh"], H+j, s[0]) + w["bias_ih"][H+j])
			next[j] = z*s[0][j] + (1-z)*n
		}
		return next, [][]float64{next}
	}
}

// indRNNEquations are those of Li et al. (2018).
func indRNNEquations(squash func(float64) float64, limit float64) reference {
	return func(w map[string][]float64, x []float64, s [][]float64) ([]float64, [][]float64) {
		next := make([]float64, len(s[0]))
		for j := range next {
			u := math.Max(math.Min(w["weight_hh"][j], limit), -limit)
			next[j] = squash(dot(w["weight_ih"], j, x) + u*s[0][j] + w["bias_ih"][j])
		}
		return next, [][]float64{next}
	}
}

// coRNNEquations are those of Rusch and Mishra (2021), eq. 3, with the friction of the step before, as in their program.
func coRNNEquations(H int, delta, gamma, epsilon float64) reference {
	return func(w map[string][]float64, x []float64, s [][]float64) ([]float64, [][]float64) {
		y, z := make([]float64, H), make([]float64, H)
		for j := range y {
			force := math.Tanh(dot(w["weight_hh"], j, s[0]) + dot(w["weight_zh"], j, s[1]) + dot(w["weight_ih"], j, x) + w["bias_ih"][j])
			z[j] = s[1][j] + delta*force - delta*gamma*s[0][j] - delta*epsilon*s[1][j]
			y[j] = s[0][j] + delta*z[j]
		}
		return y, [][]float64{y, z}
	}
}

// sruEquations are those of Lei et al. (2018), eq. 1-4.
func sruEquations(H int, highway float64) reference {
	alpha := math.Sqrt(1 + 2*math.Exp(highway))
	return func(w map[string][]float64, x []float64, s [][]float64) ([]float64, [][]float64) {
		h, cell := make([]float64, H), make([]float64, H)
		v := w["weight_ch"]
		if v == nil {
			v = make([]float64, 2*H)
		}
		for j := range h {
			f := sigma(dot(w["weight_ih"], H+j, x) + v[j]*s[1][j] + w["bias_ih"][j])
			r := sigma(dot(w["weight_ih"], 2*H+j, x) + v[H+j]*s[1][j] + w["bias_ih"][H+j])
			cell[j] = f*s[1][j] + (1-f)*dot(w["weight_ih"], j, x)
			way := 0.0
			if len(x) == H {
				way = x[j]
			} else {
				way = dot(w["weight_ih"], 3*H+j, x)
			}
			h[j] = r*cell[j] + (1-r)*way*alpha
		}
		return h, [][]float64{h, cell}
	}
}

// qrnnEquations are those of Bradbury et al. (2017), eq. 3 and fo-pooling, for a window of 1 or 2.
func qrnnEquations(H int) reference {
	return func(w map[string][]float64, x []float64, s [][]float64) ([]float64, [][]float64) {
		h, cell := make([]float64, H), make([]float64, H)
		z := func(j int) float64 {
			sum := dot(w["weight_ih"], j, x) + w["bias_ih"][j]
			if len(s) > 2 {
				sum += s[2][j]
			}
			return sum
		}
		for j := range h {
			f := sigma(z(H + j))
			cell[j] = f*s[1][j] + (1-f)*math.Tanh(z(j))
			h[j] = sigma(z(2*H+j)) * cell[j]
		}
		next := [][]float64{h, cell}
		if len(s) > 2 {
			next = append(next, times(w["weight_ih_1"], x))
		}
		return h, next
	}
}

// minGRUEquations are those of Feng et al. (2024), section 3.1.
func minGRUEquations(H int) reference {
	return func(w map[string][]float64, x []float64, s [][]float64) ([]float64, [][]float64) {
		h := make([]float64, H)
		for j := range h {
			z := sigma(dot(w["weight_ih"], j, x) + w["bias_ih"][j])
			h[j] = (1-z)*s[0][j] + z*(dot(w["weight_ih"], H+j, x)+w["bias_ih"][H+j])
		}
		return h, [][]float64{h}
	}
}

// multiplicativeEquations are those of Krause et al. (2016), section 3.
func multiplicativeEquations(H int) reference {
	return func(w map[string][]float64, x []float64, s [][]float64) ([]float64, [][]float64) {
		m, h, cell := make([]float64, H), make([]float64, H), make([]float64, H)
		for j := range m {
			m[j] = dot(w["weight_im"], j, x) * dot(w["weight_hm"], j, s[0])
		}
		for j := range h {
			z := func(gate int) float64 {
				k := gate*H + j
				return dot(w["weight_ih"], k, x) + dot(w["weight_hh"], k, m) + w["bias_ih"][k]
			}
			cell[j] = sigma(z(1))*s[1][j] + sigma(z(0))*math.Tanh(z(2))
			h[j] = sigma(z(3)) * math.Tanh(cell[j])
		}
		return h, [][]float64{h, cell}
	}
}

// minLSTMEquations are those of Feng et al. (2024), section 3.2.
func minLSTMEquations(H int) reference {
	return func(w map[string][]float64, x []float64, s [][]float64) ([]float64, [][]float64) {
		h := make([]float64, H)
		for j := range h {
			i := sigma(dot(w["weight_ih"], j, x) + w["bias_ih"][j])
			f := sigma(dot(w["weight_ih"], H+j, x) + w["bias_ih"][H+j])
			n := dot(w["weight_ih"], 2*H+j, x) + w["bias_ih"][2*H+j]
			h[j] = f/(f+i)*s[0][j] + i/(f+i)*n
		}
		return h, [][]float64{h}
	}
}

// lruEquations are those of Orvieto et al. (2023), section 3, with real eigenvalues.
func lruEquations(w map[string][]float64, x []float64, s [][]float64) ([]float64, [][]float64) {
	state := make([]float64, len(s[1]))
	for j := range state {
		lambda := math.Exp(-math.Exp(w["nu"][j]))
		state[j] = lambda*s[1][j] + math.Sqrt(1-lambda*lambda)*dot(w["weight_ih"], j, x)
	}
	h := make([]float64, len(s[0]))
	for j := range h {
		h[j] = dot(w["weight_hr"], j, state) + dot(w["weight_xr"], j, x) + w["bias_hr"][j]
	}
	return h, [][]float64{h, state}
}

// convLSTMEquations are those of Shi et al. (2015), eq. 3, in one dimension: place p, channel k.
func convLSTMEquations(places, channels, kernel int) reference {
	convolved := func(w []float64, row, p int, x []float64) float64 { // w [4C, F, kernel], x [places, F]
		sum, F := 0.0, len(x)/places
		for f := range F {
			for k := range kernel {
				if at := p + k - kernel/2; at >= 0 && at < places {
					sum += w[(row*F+f)*kernel+k] * x[at*F+f]
				}
			}
		}
		return sum
	}
	return func(w map[string][]float64, x []float64, s [][]float64) ([]float64, [][]float64) {
		size := places * channels
		h, cell := make([]float64, size), make([]float64, size)
		see := w["weight_ch"]
		if see == nil {
			see = make([]float64, 3*size)
		}
		for p := range places {
			for k := range channels {
				j := p*channels + k
				z := func(gate int) float64 {
					row := gate*channels + k
					return convolved(w["weight_ih"], row, p, x) + convolved(w["weight_hh"], row, p, s[0]) + w["bias_ih"][row]
				}
				i, f := sigma(z(0)+see[j]*s[1][j]), sigma(z(1)+see[size+j]*s[1][j])
				cell[j] = f*s[1][j] + i*math.Tanh(z(2))
				h[j] = sigma(z(3)+see[2*size+j]*cell[j]) * math.Tanh(cell[j])
			}
		}
		return h, [][]float64{h, cell}
	}
}

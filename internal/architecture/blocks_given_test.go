package architecture

// everywhere declares what blocks of many pages speak of without saying so again.
const everywhere = `
var (
	ctx    context.Context
	params *graph.Params
	g      *graph.Graph
	cell   recurrent.Cell
	loss   *graph.Func
	err    error

	x, y, tokens, targets, logits, lengths graph.Node
	state, first, carried                  recurrent.State
)
`

// given declares, for the blocks of a page, what they take from the text around them, or leave to the reader.
var given = map[string]string{
	"README.md": `
		var x, target []float32`,
	"docs/adapters.md": `
		var m *models.LanguageModel
		var text string
		var network func(g *graph.Graph, in []graph.Node) []graph.Node`,
	"docs/custom-cells.md": `
		type CFN struct{ Hidden int }
		type wrapped struct{ recurrent.Cell }
		type average struct{ width int }
		func (c average) rate(g *graph.Graph) graph.Node { return graph.Node{} }`,
	"docs/decoding.md": `
		type Prediction = decode.Prediction
		var model recurrent.Seq2Seq
		var transducer recurrent.Transducer
		var m recurrent.OneToOne
		var s decode.Search
		var state []*tensor.Dense
		var book *models.LanguageModel
		var pieces []string
		var classes int
		var encoded, piece, logits *tensor.Dense
		var start, end, padding int
		var sources [][]int
		var frames []int`,
	"docs/explain.md": `
		type myCell = recurrent.LSTM
		var measurements *tensor.Dense`,
	"docs/faq.md": `
		var predict *graph.Func`,
	"docs/foundation-models.md": `
		var book string`,
	"docs/gradients.md": `
		var loss graph.Build
		var batch []*tensor.Dense`,
	"docs/guide.md": `
		type MGU = recurrent.MGU
		var next *graph.Func
		var state []*tensor.Dense
		var token []int`,
	"docs/interoperability.md": `
		var ids *tensor.Dense
		var build graph.Build`,
	"docs/layers.md": `
		var goesOn graph.Node`,
	"docs/losses.md": `
		var scale, observed, outputs, frames, labels, scores, tags graph.Node
		var computed []float64
		var emissions *tensor.Dense
		var counts []int`,
	"docs/measures.md": `
		var evaluation *models.Evaluation`,
	"docs/networks.md": `
		var ids graph.Node`,
	"docs/precision.md": `
		var build graph.Build`,
	"docs/speech.md": `
		var m *models.Recogniser
		var samples []float32
		var letters datasets.Tokenizer`,
	"docs/text.md": `
		var corpus *datasets.Corpus
		var texts, labels []string
		var ids [][]int
		var classes []int
		var epochs int
		var values []float64
		var bpe *datasets.BPE`,
	"docs/topologies.md": `
		var m recurrent.ManyToOne
		var options, o recurrent.Options
		var token, language, words, source, before, memory, frames, labels graph.Node
		var hours []float64
		var window, horizon, goal int
		var scaler *datasets.Scaler`,
	"docs/training.md": `
		var training, validation *datasets.Batches
		var model recurrent.ManyToOne
		var l *train.Loop
		var each, mask graph.Node
		var file *os.File
		var build func(rate float64, hidden int, seed uint64) *train.Loop`,
}

package metric_test

import (
	"fmt"

	"github.com/unroll-go/unroll/nn/train/metric"
)

// Four mails, with the probabilities of ham and spam: how well do they rank, are they true, and how sure is that?
func ExampleProbabilities() {
	p, err := metric.NewProbabilities(2)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, row := range [][]float64{{0.9, 0.1}, {0.6, 0.4}, {0.65, 0.35}, {0.2, 0.8}} {
		if err := p.Add(row, []int{0, 0, 1, 1}[i]); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Printf("ROC-AUC of spam %.2f, average precision %.3f\n", p.ROCAUC(1), p.AveragePrecision(1))
	fmt.Printf("log loss %.3f, Brier score %.3f\n", p.LogLoss(), p.Brier())
	low, high, err := metric.Bootstrap{Replicates: 200}.Interval(p.Count(), func(rows []int) float64 { return p.Select(rows).TopK(1) })
	fmt.Println("accuracy", p.TopK(1), "between", low, "and", high, err)
	// Output:
	// ROC-AUC of spam 0.75, average precision 0.833
	// log loss 0.472, Brier score 0.158
	// accuracy 0.75 between 0.5 and 1 <nil>
}

// The quantiles 0.1, 0.5 and 0.9 of two forecasts.
func ExampleQuantileErrors() {
	m, err := metric.NewQuantileErrors(0.1, 0.5, 0.9)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, quantiles := range [][]float64{{8, 10, 12}, {15, 20, 25}} {
		if err := m.Add(quantiles, []float64{11, 26}[i]); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Printf("CRPS %.3f, weighted loss %.4f, coverage %v\n", m.CRPS(), m.WeightedLoss(), m.Coverage())
	// Output: CRPS 1.967, weighted loss 0.1063, coverage [0 0 0.5]
}

// Five samples of a forecast for which 3 came true.
func ExampleCRPS() {
	samples := []float64{1, 2, 3, 4, 6}
	fmt.Printf("%.2f, fair %.2f\n", metric.CRPS(samples, 3), metric.FairCRPS(samples, 3))
	// Output: 0.44, fair 0.20
}

package serve

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what /metrics tells.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	running  prometheus.Gauge
	rows     *prometheus.HistogramVec
	text     *prometheus.CounterVec
	held     prometheus.Gauge
	streams  prometheus.Gauge
	models   *prometheus.GaugeVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "unroll_requests_total", Help: "Requests that were answered, by route and status.",
		}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "unroll_request_seconds", Help: "Time from a request's arrival to the end of its answer.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 18),
		}, []string{"route"}),
		running: prometheus.NewGauge(prometheus.GaugeOpts{Name: "unroll_requests_running", Help: "Requests that are being answered."}),
		rows: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "unroll_batch_rows", Help: "Rows that were computed together.", Buckets: prometheus.ExponentialBuckets(1, 2, 9),
		}, []string{"model"}),
		text: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "unroll_tokens_total", Help: "Tokens that were read and written by language models.",
		}, []string{"model", "direction"}),
		held:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "unroll_sessions", Help: "Sessions that are kept."}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{Name: "unroll_streams", Help: "Streams of sessions that are open."}),
		models: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "unroll_model_info", Help: "1 for each model that is served, with the beginning of its file's SHA-256.",
		}, []string{"model", "version"}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.running, m.rows, m.text, m.held, m.streams, m.models,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

func (m *metrics) batch(model string, rows int) {
	m.rows.WithLabelValues(model).Observe(float64(rows))
}

func (m *metrics) tokens(model string, read, written int) {
	m.text.WithLabelValues(model, "read").Add(float64(read))
	m.text.WithLabelValues(model, "written").Add(float64(written))
}

func (m *metrics) sessions(n int) { m.held.Set(float64(n)) }

func (m *metrics) loaded(model, version string) {
	m.models.DeletePartialMatch(prometheus.Labels{"model": model})
	m.models.WithLabelValues(model, version).Set(1)
}

// answered counts a request.
func (m *metrics) answered(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}

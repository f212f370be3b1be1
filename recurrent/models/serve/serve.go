// Package serve makes a network service of trained models: what `unroll serve` runs, as an http.Handler.
//
//	s, err := serve.New(serve.Options{Models: []serve.ModelFile{{Name: "reviews", Path: "reviews.safetensors"}}})
//	defer s.Close()
//	err = http.ListenAndServe("localhost:8080", s)
//
// It speaks protocols that clients exist for: the Open Inference Protocol (version 2, over HTTP, with JSON and with binary tensors;
// KServe, Triton and MLServer have it), completions as OpenAI's clients ask for them, and the containers of Amazon SageMaker and
// MLflow. Beside these it has sessions: the state of a recurrent network, which is all that it remembers of a conversation or of a
// sensor, kept between requests. docs/deploy.md describes the routes.
//
// Requests that come at the same time are computed together, as rows of one batch, with the results that each has alone.
package serve

import (
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
)

// ModelFile is a model to serve: a file of package models, of ONNX or of Keras.
type ModelFile struct {
	Name string // in addresses: letters, digits, and any of . _ -
	Path string
}

// Options say what is served, and within which bounds. Zero stands for the default that is named.
type Options struct {
	Models  []ModelFile
	Weights graph.WeightFormat // how weights are read, see models.Model
	Log     *slog.Logger       // nil for none
	Hosts   []string           // names and addresses by which requests may ask for it (their header Host, without port); none for any
	Keys    []string           // of which a request must have one, as "Authorization: Bearer KEY"; none for a service that asks for none

	MaxBody    int64         // bytes of a request; 8 MB
	MaxTokens  int           // tokens of a text, of what is generated for a request, and sizes that vary of a network's input; 16,384
	MaxRows    int           // rows of a request: texts, prompts, rows of tables; 10,000
	Concurrent int           // requests at a time, those that wait for others included; 1,024
	Streams    int           // streams of sessions at a time; 10,000
	Timeout    time.Duration // of a request, and of writing one part of a stream; 60 s
	BatchRows  int           // rows of one batch at most; 64, of which sequences that are read whole take 16
	BatchWait  time.Duration // how long a request waits for others that are on their way; 2 ms, below 0 for not at all

	Sessions SessionOptions
}

// SessionOptions say how sessions are kept.
type SessionOptions struct {
	Path   string        // of the file that keeps them; empty for memory alone, which a restart loses
	Memory int64         // bytes of states in memory, beyond which those not used for longest are read from the file; 256 MB
	Most   int           // sessions at most; 1,000,000
	Expire time.Duration // after that long without use, in time that the service ran; 24 h, below 0 for never
	Sync   bool          // every change is on the disk before it is answered, so that a loss of power loses none
}

// complete fills in the defaults.
func (o Options) complete() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	defaultTo(&o.MaxBody, 8<<20)
	defaultTo(&o.MaxTokens, 16384)
	defaultTo(&o.MaxRows, 10000)
	defaultTo(&o.Concurrent, 1024)
	defaultTo(&o.Streams, 10000)
	defaultTo(&o.Timeout, time.Minute)
	defaultTo(&o.BatchRows, 64)
	defaultTo(&o.BatchWait, 2*time.Millisecond)
	defaultTo(&o.Sessions.Memory, 256<<20)
	defaultTo(&o.Sessions.Most, 1_000_000)
	defaultTo(&o.Sessions.Expire, 24*time.Hour)
	return o
}

func defaultTo[N int | int64 | time.Duration](v *N, value N) {
	if *v == 0 {
		*v = value
	}
}

// check refuses bounds that make no sense.
func (o Options) check() error {
	for name, v := range map[string]int64{
		"MaxBody": o.MaxBody, "MaxTokens": int64(o.MaxTokens), "MaxRows": int64(o.MaxRows), "Concurrent": int64(o.Concurrent),
		"Streams": int64(o.Streams), "Timeout": int64(o.Timeout), "BatchRows": int64(o.BatchRows),
		"Sessions.Memory": o.Sessions.Memory, "Sessions.Most": int64(o.Sessions.Most),
	} {
		if v < 0 {
			return errors.Errorf("serve: %s is %d; want above 0, or 0 for the default", name, v)
		}
	}
	if o.BatchRows > mostLanes {
		return errors.Errorf("serve: BatchRows is %d; want at most %d", o.BatchRows, mostLanes)
	}
	if len(o.Models) == 0 {
		return errors.New("serve: there is no model to serve")
	}
	return nil
}

// Server serves models. New makes one; it is an http.Handler.
type Server struct {
	options  Options
	models   *registry
	sessions *sessions
	metrics  *metrics
	slots    chan struct{} // one for each request at a time
	streams  chan struct{} // one for each stream of a session
	looks    places        // one for each look at a time: a look keeps all that was computed of a text
	bodies   atomic.Int64  // bytes of the bodies of all requests
	origins  *http.CrossOriginProtection
	handler  http.Handler
	stopping chan struct{} // closed when the service begins to end
	stop     sync.Once
	end      sync.Once
}

// New loads models and returns their server. Close frees what it holds.
func New(o Options) (*Server, error) {
	o = o.complete()
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &Server{options: o, metrics: newMetrics(), slots: make(chan struct{}, o.Concurrent),
		streams: make(chan struct{}, o.Streams), looks: newPlaces(),
		origins: http.NewCrossOriginProtection(), stopping: make(chan struct{})}
	var err error
	if s.models, err = openRegistry(o, s.metrics); err != nil {
		return nil, err
	}
	if s.sessions, err = openSessions(o, s.metrics); err != nil {
		s.models.close()
		return nil, err
	}
	s.handler = s.routes()
	return s, nil
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if w == nil || r == nil {
		return // there is nobody to answer
	}
	if s == nil || s.handler == nil {
		http.Error(w, "serve: there is no server: New makes one", http.StatusServiceUnavailable)
		return
	}
	s.handler.ServeHTTP(w, r)
}

// Reload reads the files of the models again that have changed since they were read. Requests that are being answered end with
// the weights that they began with, later ones have the new. A file that cannot be read leaves its model as it is, and is told.
func (s *Server) Reload() error {
	if s == nil || s.models == nil {
		return errors.New("serve: there is no server: New makes one")
	}
	return s.models.reload()
}

// Drain has the server say from now on that it is not ready, and refuse new requests; those that are being answered go on.
func (s *Server) Drain() {
	if s != nil && s.stopping != nil {
		s.stop.Do(func() { close(s.stopping) })
	}
}

// draining tells whether Drain was called.
func (s *Server) draining() bool {
	select {
	case <-s.stopping:
		return true
	default:
		return false
	}
}

// Close ends all work and closes the file of the sessions. Requests that are still being answered get errors.
func (s *Server) Close() error {
	if s == nil || s.models == nil {
		return nil
	}
	s.Drain()
	var err error
	s.end.Do(func() {
		s.models.close()
		err = s.sessions.close()
	})
	return err
}

// workers is how many batches of a model are computed at a time.
func workers() int { return runtime.GOMAXPROCS(0) }

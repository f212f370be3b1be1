package serve

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/fileformat"
	"github.com/unroll-go/unroll/recurrent/models"
	"github.com/unroll-go/unroll/recurrent/pretrained"
)

// registry has the models that are served, by name.
type registry struct {
	options Options
	metrics *metrics
	slots   []*slot // in the order of the options
	loading sync.Mutex
}

// slot is the place of a model, whose file may be replaced while it is served.
type slot struct {
	name, path string
	now        atomic.Pointer[served]
	seen       fileState // of the file when it was read
}

// fileState tells whether a file has changed.
type fileState struct {
	size int64
	time time.Time
}

// served is a model as it was read from its file at one time.
type served struct {
	name    string
	kind    string // what it is, in words
	version string // the beginning of the file's SHA-256
	since   time.Time
	model   models.Model // nil of another framework's
	answerer
	text  textModel // what writes texts; nil otherwise
	reads reader    // its texts
	steps *stepper  // the same, of a model whose state has one size; nil otherwise
	live  *rowLanes // of what reads rows as they come; nil otherwise

	laidOut    sync.Once
	layoutHash string // see layout

	mu    sync.Mutex
	users int
	idle  *sync.Cond
}

// goodName is what a model may be called.
var goodName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

func openRegistry(o Options, m *metrics) (*registry, error) {
	r := &registry{options: o, metrics: m}
	for _, f := range o.Models {
		if !goodName.MatchString(f.Name) {
			return nil, errors.Errorf("serve: the model %s is called %q; want letters, digits and any of . _ -, a letter or digit first",
				f.Path, f.Name)
		}
		if slices.ContainsFunc(r.slots, func(s *slot) bool { return s.name == f.Name }) {
			return nil, errors.Errorf("serve: two models are called %q; give one another name (NAME=FILE)", f.Name)
		}
		s := &slot{name: f.Name, path: f.Path}
		r.slots = append(r.slots, s)
		if err := r.load(s); err != nil {
			r.close()
			return nil, err
		}
	}
	return r, nil
}

// load reads a model's file, and has later requests answered with it.
func (r *registry) load(s *slot) error {
	state, err := stateOf(s.path)
	if err != nil {
		return errors.WithStack(err)
	}
	now, err := r.open(s)
	if err != nil {
		return err
	}
	before := s.now.Swap(now)
	s.seen = state
	r.metrics.loaded(s.name, now.version)
	if before != nil {
		go before.retire()
	}
	return nil
}

func stateOf(path string) (fileState, error) {
	files, err := filesOf(path)
	if err != nil {
		return fileState{}, err
	}
	var all fileState
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			return fileState{}, err
		}
		all.size += info.Size()
		if info.ModTime().After(all.time) {
			all.time = info.ModTime()
		}
	}
	return all, nil
}

// open reads a model's file.
func (r *registry) open(s *slot) (*served, error) {
	version, err := hashOf(s.path)
	if err != nil {
		return nil, err
	}
	v := &served{name: s.name, version: version, since: time.Now()}
	v.idle = sync.NewCond(&v.mu)
	observe := func(rows int) { r.metrics.batch(s.name, rows) }
	if pretrained.Is(s.path) {
		return v, r.openFoundation(v, s.path, observe)
	}
	format, err := fileformat.OfFile(s.path)
	if err != nil {
		return nil, err
	}
	switch format {
	case fileformat.ONNX, fileformat.Keras, fileformat.HDF5:
		a, err := newNetworkAnswers(s.path, format, r.options.MaxTokens)
		if err != nil {
			return nil, err
		}
		v.answerer, v.kind = a, format.String()
		return v, nil
	}
	if v.model, err = models.Load(s.path); err != nil {
		return nil, err
	}
	v.kind = v.model.Kind().String()
	if err := v.model.SetWeightFormat(r.options.Weights); err != nil {
		return nil, errors.Wrapf(err, "serve: %s", s.path)
	}
	if v.answerer, err = answererOf(v.model, r.options, observe); err != nil {
		return nil, err
	}
	switch m := v.model.(type) {
	case *models.LanguageModel:
		v.text = trainedText{m}
		err = v.step(r.options, observe)
	case *models.SequenceModel:
		v.live = newRowLanes(m)
	}
	return v, err
}

// openFoundation reads a model that others have trained.
func (r *registry) openFoundation(v *served, path string, observe func(int)) error {
	m, err := pretrained.Load(path)
	if err != nil {
		return err
	}
	return errors.Wrapf(r.serveFoundation(v, m, observe), "serve: %s", path)
}

func (r *registry) serveFoundation(v *served, m *pretrained.Model, observe func(int)) error {
	if err := m.Params().Unmap(); err != nil { // the file may be written over while it is served
		return err
	}
	if err := m.SetWeightFormat(r.options.Weights); err != nil {
		return err
	}
	text, err := newFoundationText(m)
	if err != nil {
		return err
	}
	v.kind, v.text, v.answerer = "language model", text, foundationLikelihoods(m, text.t, r.options, observe)
	if grows(m) {
		v.reads, err = newGrower(m, r.options.MaxTokens)
		return err
	}
	return v.step(r.options, observe)
}

// step has texts read side by side.
func (v *served) step(o Options, observe func(int)) (err error) {
	if v.steps, err = newStepper(v.text, o, observe); err == nil {
		v.reads = v.steps
	}
	return err
}

// hashOf is the beginning of the SHA-256 of a file; of a folder, of the names, sizes and times of its files, which may be large.
func hashOf(path string) (string, error) {
	h := sha256.New()
	files, err := filesOf(path)
	if err != nil {
		return "", err
	}
	if len(files) == 1 && files[0] == path {
		f, err := os.Open(path)
		if err != nil {
			return "", errors.WithStack(err)
		}
		defer f.Close()
		if _, err := io.Copy(h, f); err != nil {
			return "", errors.WithStack(err)
		}
		return hex.EncodeToString(h.Sum(nil))[:16], nil
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			return "", errors.WithStack(err)
		}
		fmt.Fprintln(h, info.Name(), info.Size(), info.ModTime().UnixNano())
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

// filesOf are the files of a model: one, or all of a folder, in the order of their names.
func filesOf(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, errors.WithStack(err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, errors.WithStack(err)
	}
	var out []string
	for _, e := range entries {
		if !e.IsDir() {
			out = append(out, filepath.Join(path, e.Name()))
		}
	}
	return out, nil
}

// reload reads files that have changed.
func (r *registry) reload() error {
	r.loading.Lock()
	defer r.loading.Unlock()
	var problems []string
	for _, s := range r.slots {
		state, err := stateOf(s.path)
		if err == nil && state == s.seen {
			continue
		}
		if err == nil {
			err = r.load(s)
		}
		if err != nil {
			problems = append(problems, errors.Wrapf(err, "%s stays as it was", s.name).Error())
		}
	}
	if problems != nil {
		return errors.Errorf("serve: %s", strings.Join(problems, "; "))
	}
	return nil
}

// use gives a model to a request, which must call the function when it has done; name may be empty where there is one model.
func (r *registry) use(name string) (*served, func(), error) {
	s, err := r.find(name)
	if err != nil {
		return nil, nil, err
	}
	for {
		v := s.now.Load()
		v.mu.Lock()
		if v.users >= 0 {
			v.users++
			v.mu.Unlock()
			return v, v.release, nil
		}
		v.mu.Unlock()
		if s.now.Load() == v { // closed for good
			return nil, nil, errClosed
		}
	}
}

func (r *registry) find(name string) (*slot, error) {
	if name == "" && len(r.slots) == 1 {
		return r.slots[0], nil
	}
	names := make([]string, len(r.slots))
	for i, s := range r.slots {
		if s.name == name {
			return s, nil
		}
		names[i] = s.name
	}
	if name == "" {
		return nil, bad("which model? There are %s", strings.Join(names, ", "))
	}
	return nil, refused(404, "there is no model %.80q; there are %s", name, strings.Join(names, ", "))
}

func (v *served) release() {
	v.mu.Lock()
	v.users--
	if v.users == 0 {
		v.idle.Broadcast()
	}
	v.mu.Unlock()
}

// retire waits for the requests that use the model, and ends it.
func (v *served) retire() {
	v.mu.Lock()
	for v.users > 0 {
		v.idle.Wait()
	}
	if v.users < 0 {
		v.mu.Unlock()
		return
	}
	v.users = -1
	v.mu.Unlock()
	v.end()
}

// end stops what computes.
func (v *served) end() {
	v.answerer.close()
	if v.reads != nil {
		v.reads.close()
	}
}

// close ends all models. Requests that still use them get errors.
func (r *registry) close() {
	for _, s := range r.slots {
		v := s.now.Load()
		if v == nil {
			continue
		}
		v.mu.Lock()
		closed := v.users < 0
		v.users = -1 << 30
		v.mu.Unlock()
		if !closed {
			v.end()
		}
	}
}

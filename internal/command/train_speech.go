package command

import (
	"fmt"
	"io"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/datasets/audio"
	"github.com/unroll-go/unroll/recurrent/models"
)

// train trains a recogniser of speech.
func (*speechTask) train(cmd *cobra.Command, p *plan, fl trainFlags) error {
	origin := &p.config.Origin
	hash, err := manifestHash(*origin)
	if err != nil {
		return err
	}
	if fl.resume != "" && hash != origin.Hash {
		return errors.Errorf("%s has changed since %s was saved", origin.Speech.Manifest, fl.resume)
	}
	parts, err := readSpeechParts(p.config)
	if err != nil {
		return err
	}
	origin.Hash = hash
	m, err := recogniserFor(cmd, p, parts, fl)
	if err != nil {
		return err
	}
	loop, err := m.Loop(parts.fit, parts.check, fl.run())
	if err != nil {
		return err
	}
	c := m.Config()
	result, err := p.run(cmd, loop, "recordings", fl, func(w io.Writer) {
		parts.describe(w)
		what := count(m.Blank(), "token", "tokens")
		if l := m.Labels(); l != nil {
			what = count(len(l), "label", "labels")
		}
		tell(w, "Model", "%s; %s", c.Network(m.Kind()), what)
	})
	if err != nil {
		return err
	}
	test, err := m.Evaluate(cmd.Context(), parts.test, models.Transcribing{})
	if err != nil {
		return err
	}
	tellSaved(cmd.ErrOrStderr(), fl.out, "eval", "transcribe FILE.wav")
	figures := fmt.Sprintf("test_wer=%.4f test_cer=%.4f", test.Words.Rate(), test.Characters.Rate())
	if test.Confusion != nil {
		figures = fmt.Sprintf("test_accuracy=%.4f", test.Confusion.Accuracy())
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s val_loss=%.4f recordings_per_s=%.1f\n", figures, result.Best, result.TokensPerSecond)
	return err
}

// recogniserFor is a new model for recordings, or one from a file.
func recogniserFor(cmd *cobra.Command, p *plan, parts *speechParts, fl trainFlags) (*models.Recogniser, error) {
	from, _ := p.from.(*models.Recogniser)
	if p.same {
		return from.With(p.config)
	}
	if parts.fit.Len() < 1 || parts.check.Len() < 1 {
		return nil, errors.Errorf("%s: %s to train on and to stop by is too little (--valid, --test-part)", p.config.Origin.Speech.Manifest,
			count(parts.fit.Len()+parts.check.Len(), "recording", "recordings"))
	}
	m, err := p.begin(cmd, fl, func(c models.Config) (models.Model, error) {
		if from != nil && !fl.newTokens {
			return models.NewRecogniserOf(c, from, parts.fit)
		}
		return models.NewRecogniser(c, parts.fit)
	})
	if err != nil {
		return nil, err
	}
	r := m.(*models.Recogniser)
	return r, enough(cmd.ErrOrStderr(), m, 0, machineMemory())
}

// speechParts are the recordings of a manifest: to train on, to stop by, to test. The last two may have manifests of their own.
type speechParts struct {
	fit, check, test models.Recordings
	untested         bool // there are none to test: those to stop by stand in
}

// readSpeechParts reads a manifest, and those of its parts that have one of their own.
func readSpeechParts(c models.Config) (*speechParts, error) {
	o := c.Origin
	all, err := readManifest(o.Speech.Manifest, o.Speech)
	if err != nil {
		return nil, err
	}
	validation, test := 0.1, o.TestPart
	if o.ValidFile != "" {
		validation = 0
	}
	if o.TestFile != "" {
		test = 0
	}
	p := &speechParts{}
	if p.fit, p.check, p.test, err = all.Split(validation, test); err != nil {
		return nil, err
	}
	for _, own := range []struct {
		file string
		part *models.Recordings
	}{{o.ValidFile, &p.check}, {o.TestFile, &p.test}} {
		if own.file == "" {
			continue
		}
		if *own.part, err = readManifest(own.file, o.Speech); err != nil {
			return nil, err
		}
	}
	if p.untested = p.test.Len() == 0; p.untested {
		p.test = p.check
	}
	cache := heardIn(machineMemory())
	p.fit.Cache, p.check.Cache, p.test.Cache = cache, cache, cache
	return p, nil
}

// heardIn remembers what is heard in all parts in a quarter of the free memory, and 1 GiB at most.
func heardIn(m memory) *audio.Cache {
	bytes := float64(1 << 30)
	if m.free > 0 {
		bytes = min(bytes, m.free/4)
	}
	return audio.NewCache(int64(bytes))
}

func readManifest(path string, o models.SpeechOrigin) (models.Recordings, error) {
	if err := regular(path); err != nil {
		return models.Recordings{}, err
	}
	return models.ReadRecordings(path, o.AudioColumn, o.TranscriptColumn)
}

// describe says how many recordings each part has.
func (p *speechParts) describe(w io.Writer) {
	part := func(r models.Recordings) string { return thousands(r.Len()) }
	tellParts(w, "Sounds", part(p.fit), part(p.check), toTest(part(p.test), p.untested))
}

// manifestHash tells whether a recogniser's manifests have changed.
func manifestHash(o models.Origin) (string, error) {
	return filesHash(o.Speech.Manifest, o.ValidFile, o.TestFile)
}

// ownTestRecordings are those that were kept for the test when a recogniser was trained.
func ownTestRecordings(c models.Config) (models.Recordings, error) {
	own := c.Origin
	data := ownData{"speech", "the model's own manifest (another one: --speech)", own.Speech.Manifest,
		"its recordings to test may be others; give the manifest with --speech"}
	if err := data.same(own, manifestHash); err != nil {
		return models.Recordings{}, err
	}
	p, err := readSpeechParts(c)
	if err != nil {
		return models.Recordings{}, err
	}
	return p.test, nil
}

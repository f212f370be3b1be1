package catalog

import (
	"context"
	"os"

	"github.com/pkg/errors"
)

const (
	ettURL         = "https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/ETT-small/"
	ettDescription = "Loads and the temperature of the oil (OT) of a power transformer in China, from July 2016 to June 2018."
	ettCitation    = "Zhou et al.: Informer: Beyond Efficient Transformer for Long Sequence Time-Series Forecasting, AAAI 2021"
	ettLicence     = "CC BY-ND 4.0"
	ettSource      = "https://github.com/zhouhaoyi/ETDataset"
	ettTask        = "forecasting of several values"
)

var etth1Info = Info{
	Name: "etth1", Title: "Electricity transformer 1, hourly", Description: ettDescription,
	Task: ettTask, Licence: ettLicence, Citation: ettCitation, Source: ettSource,
	Size: "17,420 hours, 7 columns", Rows: 17420,
	Files: []File{{Name: "ETTh1.csv", URLs: []string{ettURL + "ETTh1.csv"}, Bytes: 2589657,
		SHA256: "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066"}},
}

var etth2Info = Info{
	Name: "etth2", Title: "Electricity transformer 2, hourly", Description: ettDescription,
	Task: ettTask, Licence: ettLicence, Citation: ettCitation, Source: ettSource,
	Size: "17,420 hours, 7 columns", Rows: 17420,
	Files: []File{{Name: "ETTh2.csv", URLs: []string{ettURL + "ETTh2.csv"}, Bytes: 2417960,
		SHA256: "a3dc2c597b9218c7ce1cd55eb77b283fd459a1d09d753063f944967dd6b9218b"}},
}

var ettm1Info = Info{
	Name: "ettm1", Title: "Electricity transformer 1, every quarter of an hour", Description: ettDescription,
	Task: ettTask, Licence: ettLicence, Citation: ettCitation, Source: ettSource,
	Size: "69,680 times, 7 columns", Rows: 69680,
	Files: []File{{Name: "ETTm1.csv", URLs: []string{ettURL + "ETTm1.csv"}, Bytes: 10360719,
		SHA256: "6ce1759b1a18e3328421d5d75fadcb316c449fcd7cec32820c8dafda71986c9e"}},
}

var ettm2Info = Info{
	Name: "ettm2", Title: "Electricity transformer 2, every quarter of an hour", Description: ettDescription,
	Task: ettTask, Licence: ettLicence, Citation: ettCitation, Source: ettSource,
	Size: "69,680 times, 7 columns", Rows: 69680,
	Files: []File{{Name: "ETTm2.csv", URLs: []string{ettURL + "ETTm2.csv"}, Bytes: 9677236,
		SHA256: "db973ca252c6410a30d0469b13d696cf919648d0f3fd588c60f03fdbdbadd1fd"}},
}

// The electricity transformer sets: two transformers, hourly and every quarter of an hour. They are cut as in the
// literature into 12, 4 and 4 months of 30 days, which leaves the last 4 months out; or, if the options have
// fractions, all is cut by these.
var (
	ETTh1 = SeriesSet{Info: etth1Info, load: loadETTHourly}
	ETTh2 = SeriesSet{Info: etth2Info, load: loadETTHourly}
	ETTm1 = SeriesSet{Info: ettm1Info, load: loadETTQuarterly}
	ETTm2 = SeriesSet{Info: ettm2Info, load: loadETTQuarterly}
)

func loadETTHourly(ctx context.Context, info Info, o Options) (SeriesParts, error) {
	return loadETT(ctx, info, o, "hour", 30*24)
}

func loadETTQuarterly(ctx context.Context, info Info, o Options) (SeriesParts, error) {
	return loadETT(ctx, info, o, "15 minutes", 30*24*4)
}

func loadETT(ctx context.Context, info Info, o Options, frequency string, month int) (SeriesParts, error) {
	paths, err := download(ctx, info, o)
	if err != nil {
		return SeriesParts{}, err
	}
	f, err := os.Open(paths[0])
	if err != nil {
		return SeriesParts{}, errors.WithStack(err)
	}
	defer f.Close()
	s, err := seriesFormat{layout: "2006-01-02 15:04:05", frequency: frequency}.read(f, info.Name)
	if err != nil {
		return SeriesParts{}, err
	}
	if o.Validation != 0 || o.Test != 0 {
		return s.parts(o)
	}
	if s.Len() < 20*month {
		return SeriesParts{}, errors.Errorf("datasets: %s has %d times; want at least %d", info.Name, s.Len(), 20*month)
	}
	return SeriesParts{s.between(0, 12*month), s.between(12*month, 16*month), s.between(16*month, 20*month)}, nil
}

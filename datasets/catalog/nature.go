package catalog

import (
	"context"
	_ "embed"
)

//go:embed co2/co2.csv.gz
var co2Gzip []byte

//go:embed sunspots/sunspots.csv.gz
var sunspotsGzip []byte

//go:embed weather/seattle-weather.csv.gz
var weatherGzip []byte

var co2Info = Info{
	Name:        "co2",
	Title:       "Carbon dioxide on Mauna Loa",
	Description: "Carbon dioxide in the air of Hawaii in parts of a million, weekly from March 1958 to December 2001. 59 weeks are missing.",
	Task:        "forecasting",
	Licence:     "public domain",
	Citation:    "Keeling, Whorf: Atmospheric CO2 concentrations derived from flask air samples at sites in the SIO network, CDIAC, 2004",
	Source:      "Debian package python3-statsmodels 0.13.5",
	Size:        "2,284 weeks, 1 column",
	Rows:        2284,
	Shipped:     true,
}

// CO2 is a series that rises and swings with the seasons.
var CO2 = SeriesSet{Info: co2Info, load: func(_ context.Context, _ Info, o Options) (SeriesParts, error) {
	return loadPacked(co2Gzip, seriesFormat{layout: "20060102", frequency: "week"}, "co2", o)
}}

var sunspotsInfo = Info{
	Name:        "sunspots",
	Title:       "Spots on the sun",
	Description: "The number of spots on the sun, yearly from 1700 to 2008.",
	Task:        "forecasting",
	Licence:     "public domain",
	Citation:    "National Geophysical Data Center",
	Source:      "Debian package python3-statsmodels 0.13.5",
	Size:        "309 years, 1 column",
	Rows:        309,
	Shipped:     true,
}

// Sunspots is a series that swings in about eleven years.
var Sunspots = SeriesSet{Info: sunspotsInfo, load: func(_ context.Context, _ Info, o Options) (SeriesParts, error) {
	return loadPacked(sunspotsGzip, seriesFormat{layout: "2006", frequency: "year"}, "sunspots", o)
}}

var weatherInfo = Info{
	Name:        "weather",
	Title:       "Weather of Seattle",
	Description: "Precipitation (mm), highest and lowest temperature (degrees Celsius) and wind of every day from 2012 to 2015, and what the day was called.",
	Task:        "forecasting of several values; sequence to class",
	Licence:     "public domain (United States Government)",
	Citation:    "National Oceanic and Atmospheric Administration, National Climatic Data Center",
	Source:      "npm package vega-datasets 3.2.1",
	Size:        "1,461 days, 4 columns, 5 classes",
	Rows:        1461,
	Shipped:     true,
}

// Weather is a series of four columns, with a class for every day: drizzle, fog, rain, snow or sun.
var Weather = SeriesSet{Info: weatherInfo, load: func(_ context.Context, _ Info, o Options) (SeriesParts, error) {
	format := seriesFormat{layout: "2006-01-02", frequency: "day", classes: []string{"drizzle", "fog", "rain", "snow", "sun"}}
	return loadPacked(weatherGzip, format, "weather", o)
}}

func loadPacked(packed []byte, format seriesFormat, name string, o Options) (SeriesParts, error) {
	r, err := gunzip(packed)
	if err != nil {
		return SeriesParts{}, err
	}
	s, err := format.read(r, name)
	if err != nil {
		return SeriesParts{}, err
	}
	return s.parts(o)
}

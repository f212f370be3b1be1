package main

import (
	"context"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/nn/train/chart"
	"github.com/unroll-go/unroll/recurrent/models"
)

// fanPicture draws.
func fanPicture(ctx context.Context, m *models.Forecaster, id string, conformal bool) (*chart.Picture, error) {
	return nil, errors.New("later")
}

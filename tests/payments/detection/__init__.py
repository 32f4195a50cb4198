"""Tests of payments.detection."""

"""The tables of models: which ones we trained, which one answers since when and why, and the trainings."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Integer, String, Table, Text

from kuanxin.store.base import Moment, metadata

models = Table(  # only what stands here is ever loaded: a model is code
    "models",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("file", Text, nullable=False),
    Column("fits", String(12), nullable=False),  # fingerprint of the data and code that it was trained with
    Column("made_at", Moment, nullable=False),
    Column("made_by", String(150), nullable=False),
    Column("lessons", Integer, nullable=False),  # messages taught beside the project's own data
)

model_changes = Table(  # the newest one without a failure names the model that answers
    "model_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sha256", ForeignKey("models.sha256"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("by", String(150), nullable=False),
    Column("reason", Text, nullable=False),
    Column("loaded_at", Moment),  # a Rasa server answers with it
    Column("failure", Text),  # why none could; what stood before goes on
)

model_trainings = Table(
    "model_trainings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("running", Boolean, unique=True),  # true or NULL: one at a time
    Column("started_at", Moment, nullable=False),
    Column("by", String(150), nullable=False),
    Column("reason", Text, nullable=False),
    Column("step", String(16), nullable=False),
    Column("done", Integer, nullable=False),  # messages measured in this step
    Column("total", Integer, nullable=False),
    Column("beat_at", Float, nullable=False),  # seconds since 1970: the process lives
    Column("ended_at", Moment),
    Column("failure", Text),
    Column("sha256", ForeignKey("models.sha256")),
    Column("measured", Text),  # JSON: the new model beside the one that answered then
)

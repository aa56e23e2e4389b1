"""The request bodies, strictly typed as in EnergyCAP's own API: a boolean is no number, and "12" is not 12."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

Int32 = Annotated[int, Field(ge=-(2**31), le=2**31 - 1, json_schema_extra={"format": "int32"})]
# Any constraint makes pydantic refuse lone surrogates, which a plain str would let through.
Text = Annotated[str, Field(min_length=0)]
BatchMode = Literal[
    "use existing batch", "new batch", "new self-contained batch", "use pending batch", "smart batch"
]  # fmt: skip


class Body(BaseModel):
    """A JSON object; unknown keys are accepted and have no effect."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", alias_generator=to_camel)

    def sent(self) -> dict[str, Any]:
        """The keys that were sent, unknown ones included."""
        return self.model_dump(by_alias=True, exclude_unset=True)


class BatchSettings(Body):
    batch_mode: BatchMode
    existing_open_batch_id: Int32 | None = None
    leave_existing_batches_open: bool | None = None
    new_batch_code: Annotated[Text, Field(max_length=255)] | None = None
    pending_batch_id: Int32 | None = None


class BillKickoutImportRequest(Body):
    batch_settings: BatchSettings
    comment: Text | None = None
    import_note: Text | None = None
    save_as_resolved: bool | None = None


class FlagEdit(Body):
    """None leaves a value as it is."""

    assignees: list[Int32] | None = None
    comment: Text | None = None
    cost_recovery: Annotated[float, Field(allow_inf_nan=False)] | None = None
    flag_status_id: Annotated[int, Field(ge=1, le=2)] | None = None
    flag_type_id: Int32 | None = None
    hold_from_export: bool
    release_export_hold: bool

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.hold_from_export and self.release_export_hold:
            raise ValueError("holdFromExport and releaseExportHold cannot both be true.")
        values = (self.assignees, self.comment, self.cost_recovery, self.flag_status_id, self.flag_type_id)
        if all(value is None for value in values):
            raise ValueError(
                "At least one of FlagTypeId, FlagStatusId, CostRecovery, Comment, Assignees must not be null."
            )
        return self

    def absent(self) -> list[str]:
        """Keys that "Required (defined)" asks for and that were left out."""
        return [to_camel(name) for name in type(self).model_fields if name not in self.model_fields_set]


class TaskEdit(Body):
    task_note: Text | None

"""Which mailboxes have had their welcome already, also of people who were deleted since."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class FormerAddress(models.Model):
    """The keyed hash of an address that was given the welcome credits: it tells nobody the address."""

    app_role_privileges = "SELECT, INSERT"

    digest = models.CharField(_("keyed hash of the address"), max_length=64, primary_key=True)
    erased_on = models.DateField(_("erased on"), null=True, blank=True)

    class Meta:
        verbose_name = _("former address")
        verbose_name_plural = _("former addresses")

    def __str__(self) -> str:
        return self.digest[:8]

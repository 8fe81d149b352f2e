"""One's own profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from workspaces.models import UserProfile
from workspaces.services.profile import change_profile
from workspaces.staff_forms import ProfileForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from workspaces.guards import StaffRequest

_KEPT = ("timezone", "second_timezone", "preferred_conference", "single_keys")


@require_http_methods(["GET", "POST"])
@login_required
def profile(request: StaffRequest) -> HttpResponse:
    kept = UserProfile.objects.filter(user=request.user).first() or UserProfile()
    initial = {"name": request.user.name, **{name: getattr(kept, name) for name in _KEPT}}
    form = ProfileForm(request.POST or None, initial=initial)
    if form.is_valid():
        change_profile(user=request.user, **form.cleaned_data)
        messages.success(request, "Your profile is saved.")
        return redirect("workspaces:profile")
    status = 422 if form.is_bound else 200
    return render(request, "workspaces/profile.html", {"form": form}, status=status)

#!/bin/bash
cat > /app/views.py <<'EOF'
from http import HTTPStatus

from rest_framework import status
from rest_framework.permissions import IsAdminUser, IsAuthenticated
from rest_framework.response import Response
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView

from .models import Report


class Reports(APIView):
    permission_classes = [IsAuthenticated]
    throttle_classes = [UserRateThrottle]

    def get(self, request):
        page = max(1, int(request.query_params.get("page", 1)))
        reports = Report.objects.filter(owner=request.user).order_by("-created")[(page - 1) * 20 : page * 20]
        return Response([report.as_dict() for report in reports])

    def post(self, request):
        self.check_object_permissions(request, None)
        title = request.data.get("title", "").strip()
        if not title:
            return Response({"title": "required"}, status=status.HTTP_400_BAD_REQUEST)
        report = Report.objects.create(owner=request.user, title=title)
        return Response(report.as_dict(), status=status.HTTP_201_CREATED)


class Purge(APIView):
    permission_classes = (IsAdminUser,)

    def delete(self, request, number):
        if not Report.objects.filter(pk=number).exists():
            return Response(status=HTTPStatus.NOT_FOUND)
        Report.objects.filter(pk=number).delete()
        return Response(status=HTTPStatus.NO_CONTENT)
EOF
cat > /app/gateway.py <<'EOF'
from fastapi import Depends, FastAPI, Header, HTTPException, status

app = FastAPI()
KEYS = {"reader": "r-1", "writer": "w-1"}


def known_key(x_key: str = Header(...)) -> str:
    if x_key not in KEYS.values():
        raise HTTPException(status.HTTP_403_FORBIDDEN, "unknown key")
    return x_key


@app.get("/items", dependencies=[Depends(known_key)])
def items(limit: int = 50):
    return {"items": list(range(min(limit, 100)))}
EOF
